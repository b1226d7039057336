// CHANGELOG.md, which is kept by hand: a release without an entry of its own is refused.

/** The text below "## [1.2.3] - 2026-01-31". Throws where there is none, or nothing in it. */
export function changelogEntry(changelog: string, version: string): { date: string; text: string } {
  const sections = changelog.split(/^## /m).slice(1);
  for (const section of sections) {
    const [, name, date = '', text = ''] =
      /^\[([^\]]+)\] - (\d{4}-\d\d-\d\d)\n([\s\S]*)$/.exec(section) ?? [];
    if (name === version && text.trim() !== '') return { date, text: text.trim() };
  }
  throw new Error(`CHANGELOG.md has no entry "## [${version}] - YEAR-MONTH-DAY" with something in it`);
}
