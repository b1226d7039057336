// `status --bundle FILE`: everything that whoever answers a ticket would ask for next, in one file.
import { formatText } from '../status/format.ts';
import { toJson } from '../status/json.ts';
import { serverViews } from '../status/servers.ts';
import { formatBrief, judge, type StatusReport } from '../status/verdict.ts';
import { writeArchive } from './archive.ts';
import { readBundle, type Source } from './bundle.ts';
import { netlinkSources, type OpenRecordedKernel } from './netlink-dump.ts';
import { redactTexts } from './redact.ts';
import { hostSources } from './sources.ts';

export interface BundleOptions {
  readonly path: string;
  readonly report: StatusReport;
  readonly persistDir: string;
  /** Ours. */
  readonly version: string;
  readonly openKernel: OpenRecordedKernel;
}

/** Returns what was written: how many files, and the size of the archive in bytes. */
export async function makeBundle(options: BundleOptions): Promise<{ files: number; bytes: number }> {
  const { path, report, persistDir, version, openKernel } = options;
  const now = new Date().toISOString();
  const { virtualServer } = report.facts;
  const addresses = [...(virtualServer === undefined ? [] : [virtualServer]), ...serverViews(report.facts)];
  const files = await readBundle(`bcs-apiserver-proxy ${version}, status --bundle, ${now}`, [
    ...reportSources(judge(redactTexts(report.facts))),
    ...netlinkSources(
      openKernel,
      addresses.map(({ address }) => address),
    ),
    ...hostSources(persistDir, version),
  ]);
  const directory = `bcs-apiserver-proxy-${now.replaceAll(/\D/g, '').slice(0, 14)}`;
  return { files: files.length, bytes: writeArchive(path, directory, files) };
}

function reportSources(report: StatusReport): Source[] {
  return [
    { name: 'status.txt', read: () => `${formatBrief(report)}\n\n${formatText(report, { wide: true })}` },
    { name: 'status.json', read: () => `${JSON.stringify(toJson(report), null, 2)}\n` },
  ];
}
