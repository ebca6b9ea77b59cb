# Examples for web servers and systemd. Installed with the folders that were configured in place of the default ones.
CONTRIB_FILES = \
	contrib/README.md \
	contrib/apache/htaccess contrib/apache/runspool-fcgid.conf contrib/apache/runspool-in-front.conf \
	contrib/apache/runspool.conf \
	contrib/lighttpd/runspool.conf \
	contrib/nginx/runspool-in-front.conf contrib/nginx/runspool.conf \
	contrib/systemd/runspool-bridge.service contrib/systemd/runspool-fcgi@.service contrib/systemd/runspool-fcgi@.socket \
	contrib/systemd/runspool-runner.service contrib/systemd/runspool.service contrib/systemd/runspool.sysusers \
	contrib/systemd/runspool.target contrib/systemd/runspool.tmpfiles
EXTRA_DIST += $(CONTRIB_FILES)

examplesdir = $(docdir)/examples
contrib_sed = sed -e 's,/usr/local/libexec/runspool,$(pkglibexecdir),g' -e 's,/usr/local/share/runspool,$(pkgdatadir),g' \
	-e 's,/usr/local/sbin,$(sbindir),g' -e 's,/usr/local/bin,$(bindir),g' -e 's,/var/lib/runspool,$(localstatedir)/lib/runspool,g'

install-data-hook:
	for file in $(CONTRIB_FILES); do \
	  target="$(DESTDIR)$(examplesdir)/$${file#contrib/}"; \
	  $(MKDIR_P) "$${target%/*}" && $(contrib_sed) "$(srcdir)/$$file" >"$$target" || exit 1; \
	done

uninstall-hook:
	for file in $(CONTRIB_FILES); do rm -f "$(DESTDIR)$(examplesdir)/$${file#contrib/}"; done
