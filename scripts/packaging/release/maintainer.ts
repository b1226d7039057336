// The scripts that dpkg and rpm run, from the functions of services.sh: which of them when. dpkg says by a word what
// happens, rpm by how many versions there will be.
import { readFileSync } from 'node:fs';

const FUNCTIONS = readFileSync(new URL('services.sh', import.meta.url), 'utf8');
/** rpm gives scripts to /bin/sh itself. */
const BODY = FUNCTIONS.slice(FUNCTIONS.indexOf('\n') + 1);

/** By name, as dpkg wants them. */
export const DEBIAN_SCRIPTS: Readonly<Record<string, string>> = {
  // No directory entry of the package names /usr/local, or removing the package would remove it where it is empty.
  preinst: `#!/bin/sh\nset -e\nmkdir -p /usr/local/bin\n`,
  postinst: `${FUNCTIONS}
if [ "$1" = configure ]; then
  reload_units
  # $2 is the version that was there before.
  if [ -n "$2" ]; then restart_daemon; fi
fi
`,
  prerm: `${FUNCTIONS}
if [ "$1" = remove ]; then stop_services; fi
`,
  postrm: `${FUNCTIONS}
if [ "$1" = purge ]; then forget_units; fi
if [ "$1" = remove ] || [ "$1" = purge ]; then reload_units; fi
`,
};

/** By the name of their section. An upgrade runs %post of the new version before %preun and %postun of the old one. */
export const RPM_SCRIPTS: Readonly<Record<string, string>> = {
  '%post': `${BODY}
reload_units
if [ "$1" -gt 1 ]; then restart_daemon; fi
`,
  '%preun': `${BODY}
if [ "$1" -eq 0 ]; then stop_services; fi
`,
  '%postun': `${BODY}
reload_units
`,
};
