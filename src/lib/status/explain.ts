// The section of docs/troubleshooting.md about one code, to be read on a terminal.
import { readFileSync } from 'node:fs';
import { getAsset, isSea } from 'node:sea';
import { ProxyError } from '../errors.ts';
import { TROUBLESHOOTING_ASSET } from '../native/assets.ts';

/** From inside the binary, elsewhere from the repository. */
export function troubleshootingPage(): string {
  if (isSea()) return getAsset(TROUBLESHOOTING_ASSET, 'utf8');
  return readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');
}

/** Throws ProxyError where the page has no such section. */
export function explain(code: string, page = troubleshootingPage()): string {
  const [, section] = page.split(`\n## ${code}\n`);
  if (section === undefined) throw new ProxyError('no-such-section', `there is no page about ${code}`);
  const [text = ''] = section.split('\n## ');
  return `${code}\n\n${plain(text).trim()}\n`;
}

/** Without marks that a terminal does not need: **bold**, [a link](#there). What stands in backquotes is there to be typed. */
function plain(markdown: string): string {
  return markdown.replaceAll(/\*\*([^*]+)\*\*/g, '$1').replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
}
