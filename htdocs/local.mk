# The web root: htdocs and, beside it, the libraries from npm as ES modules. Built once per change into webroot/.

HTDOCS_FILES = \
	htdocs/app/ansi-colours.js \
	htdocs/app/ansi.js \
	htdocs/app/api.js \
	htdocs/app/clock.js \
	htdocs/app/assistant/advice.js \
	htdocs/app/assistant/api.js \
	htdocs/app/assistant/composer.js \
	htdocs/app/assistant/history.js \
	htdocs/app/assistant/markdown.js \
	htdocs/app/assistant/session.js \
	htdocs/app/assistant/steps.js \
	htdocs/app/assistant/turn.js \
	htdocs/app/assistant/turns.js \
	htdocs/app/components/badge.js \
	htdocs/app/components/chart.js \
	htdocs/app/components/dialog.js \
	htdocs/app/components/diff-lines.js \
	htdocs/app/components/filters.js \
	htdocs/app/components/form.js \
	htdocs/app/components/graph-camera.js \
	htdocs/app/components/graph.js \
	htdocs/app/components/guess.js \
	htdocs/app/components/icons.js \
	htdocs/app/components/json-view.js \
	htdocs/app/components/kept.js \
	htdocs/app/components/keys.js \
	htdocs/app/components/lazy.js \
	htdocs/app/components/log-line.js \
	htdocs/app/components/log-tools.js \
	htdocs/app/components/log.js \
	htdocs/app/components/menu.js \
	htdocs/app/components/minimap.js \
	htdocs/app/components/node-progress.js \
	htdocs/app/components/resource.js \
	htdocs/app/components/scrubber.js \
	htdocs/app/components/sign-in.js \
	htdocs/app/components/sort.js \
	htdocs/app/components/sparkline.js \
	htdocs/app/components/split.js \
	htdocs/app/components/tabs.js \
	htdocs/app/components/theme-switch.js \
	htdocs/app/components/time.js \
	htdocs/app/components/toast.js \
	htdocs/app/components/topic-state.js \
	htdocs/app/components/use-topic.js \
	htdocs/app/components/window.js \
	htdocs/app/crew-watch.js \
	htdocs/app/fold-at.js \
	htdocs/app/editor/camera.js \
	htdocs/app/editor/canvas.js \
	htdocs/app/editor/check.js \
	htdocs/app/editor/chooser.js \
	htdocs/app/editor/geometry.js \
	htdocs/app/editor/gestures.js \
	htdocs/app/editor/history.js \
	htdocs/app/editor/inspector.js \
	htdocs/app/editor/model.js \
	htdocs/app/editor/panels.js \
	htdocs/app/editor/run.js \
	htdocs/app/editor/session.js \
	htdocs/app/editor/shortcuts.js \
	htdocs/app/editor/state.js \
	htdocs/app/focus.js \
	htdocs/app/fold-work.js \
	htdocs/app/fold.js \
	htdocs/app/follow-run.js \
	htdocs/app/format.js \
	htdocs/app/forms/choices.js \
	htdocs/app/forms/complete.js \
	htdocs/app/forms/described.js \
	htdocs/app/forms/expression.js \
	htdocs/app/forms/fields.js \
	htdocs/app/forms/import.js \
	htdocs/app/forms/jq-test.js \
	htdocs/app/forms/line-diff.js \
	htdocs/app/forms/params.js \
	htdocs/app/forms/schema.js \
	htdocs/app/forms/settings.js \
	htdocs/app/forms/version-diff.js \
	htdocs/app/json-diff.js \
	htdocs/app/layout-layered.js \
	htdocs/app/layout.js \
	htdocs/app/log-parts.js \
	htdocs/app/log-rows.js \
	htdocs/app/log-scan.js \
	htdocs/app/main.js \
	htdocs/app/node-size.js \
	htdocs/app/pages/assistant.js \
	htdocs/app/measure.js \
	htdocs/app/pages/compare.js \
	htdocs/app/pages/edit.js \
	htdocs/app/pages/doctor.js \
	htdocs/app/pages/history.js \
	htdocs/app/pages/monitor.js \
	htdocs/app/pages/monitor/active.js \
	htdocs/app/pages/monitor/adws.js \
	htdocs/app/pages/monitor/crews.js \
	htdocs/app/pages/monitor/metrics.js \
	htdocs/app/pages/monitor/queue-order.js \
	htdocs/app/pages/monitor/queue.js \
	htdocs/app/pages/monitor/routes.js \
	htdocs/app/pages/monitor/schedules.js \
	htdocs/app/pages/monitor/scraping.js \
	htdocs/app/pages/monitor/system.js \
	htdocs/app/pages/monitor/webhooks.js \
	htdocs/app/pages/run-actions.js \
	htdocs/app/pages/run-approvals.js \
	htdocs/app/pages/run-artifacts.js \
	htdocs/app/pages/run-attempts.js \
	htdocs/app/pages/run-details.js \
	htdocs/app/pages/run-head.js \
	htdocs/app/pages/run-stepper.js \
	htdocs/app/pages/run-timeline.js \
	htdocs/app/pages/run-work.js \
	htdocs/app/pages/run.js \
	htdocs/app/pages/runs-table.js \
	htdocs/app/pages/runs.js \
	htdocs/app/pages/versions.js \
	htdocs/app/pages/workflow.js \
	htdocs/app/pages/workflows.js \
	htdocs/app/notify.js \
	htdocs/app/prefs.js \
	htdocs/app/router.js \
	htdocs/app/run-list.js \
	htdocs/app/spans.js \
	htdocs/app/state.js \
	htdocs/app/styles.js \
	htdocs/app/text.js \
	htdocs/app/theme.js \
	htdocs/app/ui.js \
	htdocs/app/workflow-list.js \
	htdocs/client/README.md \
	htdocs/client/assistant-client.js \
	htdocs/client/assistant.d.ts \
	htdocs/client/assistant.js \
	htdocs/client/backoff.js \
	htdocs/client/config.js \
	htdocs/client/console.js \
	htdocs/client/crew.js \
	htdocs/client/cursor.js \
	htdocs/client/doors/cgi-poll.js \
	htdocs/client/doors/http.js \
	htdocs/client/doors/long-poll.js \
	htdocs/client/doors/mux.js \
	htdocs/client/doors/poll.js \
	htdocs/client/doors/socket.js \
	htdocs/client/doors/sse.js \
	htdocs/client/doors/websocket.js \
	htdocs/client/feed.js \
	htdocs/client/hub.js \
	htdocs/client/index.d.ts \
	htdocs/client/index.js \
	htdocs/client/live.js \
	htdocs/client/monitor-client.js \
	htdocs/client/monitor.css \
	htdocs/client/monitor.d.ts \
	htdocs/client/monitor.js \
	htdocs/client/package.json \
	htdocs/client/rest.js \
	htdocs/client/tabs.js \
	htdocs/client/tokens.js \
	htdocs/client/topic-client.js \
	htdocs/client/topics.d.ts \
	htdocs/client/topics.js \
	htdocs/client/urls.js \
	htdocs/client/use-token.js \
	htdocs/css/assistant.css \
	htdocs/css/base.css \
	htdocs/css/editor.css \
	htdocs/css/forms.css \
	htdocs/css/graph.css \
	htdocs/css/lists.css \
	htdocs/css/log.css \
	htdocs/css/monitor.css \
	htdocs/css/run.css \
	htdocs/css/toast.css \
	htdocs/css/tokens.css \
	htdocs/icons/cancelled.svg \
	htdocs/icons/error.svg \
	htdocs/icons/idle.svg \
	htdocs/icons/paused.svg \
	htdocs/icons/queued.svg \
	htdocs/icons/running.svg \
	htdocs/icons/success.svg \
	htdocs/index.html

EXTRA_DIST += $(HTDOCS_FILES) htdocs/package.json htdocs/package-lock.json htdocs/stage.mjs

npm_verbose = $(npm_verbose_@AM_V@)
npm_verbose_ = $(npm_verbose_@AM_DEFAULT_V@)
npm_verbose_0 = @echo "  NPM     " $@;

if HAVE_NPM
noinst_DATA = webroot.stamp
else
all-local: no-npm
no-npm:
	@echo "npm is missing: the dashboard is not built (apt-get install npm, then configure again)"
endif

npm/libraries.stamp: htdocs/package.json htdocs/package-lock.json
	$(npm_verbose)$(MKDIR_P) npm && cp $(srcdir)/htdocs/package.json $(srcdir)/htdocs/package-lock.json npm/ && \
	  chmod u+w npm/package.json npm/package-lock.json && \
	  cd npm && $(NPM) ci --loglevel=error --no-audit --no-fund --ignore-scripts >/dev/null && touch libraries.stamp

webroot.stamp: npm/libraries.stamp htdocs/stage.mjs $(HTDOCS_FILES)
	$(AM_V_GEN)node $(srcdir)/htdocs/stage.mjs $(srcdir)/htdocs npm/node_modules webroot && touch $@

if HAVE_NPM
install-data-local: webroot.stamp
	$(MKDIR_P) "$(DESTDIR)$(pkgdatadir)/htdocs"
	cp -R webroot/. "$(DESTDIR)$(pkgdatadir)/htdocs"

uninstall-local:
	rm -rf "$(DESTDIR)$(pkgdatadir)/htdocs"
endif

clean-local: clean-webroot
clean-webroot:
	rm -rf webroot webroot.stamp

distclean-local: clean-npm
clean-npm:
	rm -rf npm

.PHONY: no-npm clean-webroot clean-npm
