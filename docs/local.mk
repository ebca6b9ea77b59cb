include docs/man/local.mk
EXTRA_DIST += README.md CHANGELOG.md docs/ARCHITECTURE.md docs/BENCHMARKS.md docs/DASHBOARD.md docs/HACKING.md docs/PROTOCOL.md docs/GUARANTEES.md docs/NODES.md docs/SCRAPING.md docs/AGENTS.md docs/DEPLOY.md docs/openapi.yaml docs/asyncapi.yaml
EXTRA_DIST += \
  docs/img/asking-1440-dark.webp \
  docs/img/asking-390-dark.webp \
  docs/img/assistant-1440-light.webp \
  docs/img/assistant-390-dark.webp \
  docs/img/compare-1440-light.webp \
  docs/img/compare-390-light.webp \
  docs/img/doctor-1440-light.webp \
  docs/img/editor-1440-light.webp \
  docs/img/export-1440-light.webp \
  docs/img/history-1440-dark.webp \
  docs/img/metrics-1440-dark.webp \
  docs/img/run-1440-light.webp \
  docs/img/run-390-light.webp \
  docs/img/timeline-1440-light.webp \
  docs/img/workflows-1440-light.webp
# Drawn by scripts/bench.
EXTRA_DIST += $(wildcard $(top_srcdir)/docs/img/bench/*.svg)
