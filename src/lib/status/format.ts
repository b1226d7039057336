// The report as text: the verdict first, at most 80 columns, ASCII only. Pure; colour is a function that is handed in.
import { printable } from '../text.ts';
import { formatAge } from './age.ts';
import type { Problem } from './conditions.ts';
import { outageLines } from './text/outages.ts';
import { overview } from './text/overview.ts';
import { realServerTable, trafficTable } from './text/real-servers.ts';
import type { StatusReport, Verdict } from './verdict.ts';
import { countOf } from './words.ts';
import { wrap } from './wrap.ts';

/** Colours text for a verdict; the identity where there is no colour. */
export type Paint = (verdict: Verdict, text: string) => string;

export interface TextOptions {
  readonly paint?: Paint;
  /** Everything that was looked at, too. */
  readonly wide?: boolean;
}

export function formatText(report: StatusReport, { paint, wide = false }: TextOptions = {}): string {
  const { facts, problems } = report;
  const isNotice = ({ severity }: Problem): boolean => severity === 'notice';
  const sections = [
    headline(report, paint ?? ((_verdict, text) => text)),
    overview(facts, wide),
    realServerTable(facts),
    wide ? trafficTable(facts) : [],
    problemLines(
      'problems',
      problems.filter(problem => !isNotice(problem)),
    ),
    problemLines('worth knowing', problems.filter(isNotice)),
    outageLines(facts.events, wide),
    wide ? checkLines(report) : [countLine(report)],
  ];
  const [head = [], ...rest] = sections;
  return [head, ...rest.map(lines => lines.map(printable))]
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n');
}

/** Painted last: escape sequences have no width. */
function headline({ verdict, summary }: StatusReport, paint: Paint): string[] {
  const name = verdict.toUpperCase();
  const [first = '', ...rest] = wrap(`${name}  `, printable(summary));
  return [`${paint(verdict, name)}${first.slice(name.length)}`, ...rest];
}

/** A remedy is never broken: it is there to be copied. */
function problemLines(title: string, problems: readonly Problem[]): string[] {
  if (problems.length === 0) return [];
  return [
    title,
    ...problems.flatMap(({ code, text, remedy, isLook, forS }) => [
      `  ${code}${forS === undefined ? '' : `, for ${formatAge(forS)}`}`,
      ...wrap('      ', text),
      `      ${isLook ? 'look' : 'fix '} ${remedy}`,
      `      see  bcs-apiserver-proxy status --explain ${code}`,
    ]),
  ];
}

function countLine({ passed, unseen }: StatusReport): string {
  const impossible = unseen.length === 0 ? '' : `, ${unseen.length} not possible`;
  return `${countOf(passed.length, 'check')} passed${impossible}; --wide lists them`;
}

function checkLines({ passed, unseen }: StatusReport): string[] {
  return [
    `${countOf(passed.length, 'check')} passed`,
    ...passed.flatMap(({ title }) => wrap('  ', title)),
    ...(unseen.length === 0 ? [] : [`${unseen.length} not possible`]),
    ...unseen.flatMap(({ condition, why }) => wrap('  ', `${condition.title}: ${why}`, 80, '    ')),
  ];
}
