include docs/man/local.mk
EXTRA_DIST += README.md CHANGELOG.md docs/ARCHITECTURE.md docs/HACKING.md docs/PROTOCOL.md docs/GUARANTEES.md docs/NODES.md docs/SCRAPING.md docs/AGENTS.md docs/DEPLOY.md docs/openapi.yaml docs/asyncapi.yaml
