nobase_dist_pkgdata_DATA += examples/repo-health.json examples/site-check.json examples/site-notes.json examples/test-workflow.json
