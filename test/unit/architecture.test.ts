// Who may import whom, with the reason; and what holds for every source file. A new folder needs a line here.
import { describe, expect, test } from 'vitest';
import { folderOf, type SourceFile, sourceFiles } from '../helpers/source-tree.ts';

interface Rule {
  /** Other folders (or files of src/ and src/lib/) that it may import; its own is always allowed. */
  readonly may: readonly string[];
  /** Those of which it may import types only: they are gone at run time. */
  readonly types?: readonly string[];
  readonly why: string;
}

const ERRORS = 'lib/errors.ts';
const TELEMETRY = 'lib/telemetry.ts';
const BELOW_COMMANDS = [
  'lib/bundle',
  'lib/completion',
  'lib/config',
  'lib/daemon',
  'lib/discovery',
  'lib/manifests',
  'lib/model',
  'lib/operations',
  'lib/status',
  'lib/store',
];

const RULES: Readonly<Record<string, Rule>> = {
  'main.ts': { may: ['index.ts'], why: 'the process entry only leaves the exit code to Node' },
  'index.ts': { may: ['cli'], why: 'oclif is loaded behind it, when it is needed' },
  packed: {
    may: ['cli', 'lib/native'],
    why: 'inside the binary: starts the bundle, and answers --version without it',
  },
  cli: {
    may: [
      'base-command.ts',
      'commands',
      ERRORS,
      'lib/config',
      'lib/host',
      'lib/manifests',
      'lib/model',
      'lib/operations',
      'lib/text.ts',
    ],
    types: ['lib/status'],
    why: 'arguments in, text and exit codes out; commands are loaded by name and never import each other',
  },
  commands: {
    may: ['base-command.ts', 'cli', 'lib/app.ts', ERRORS, 'lib/host', 'lib/text.ts', ...BELOW_COMMANDS],
    why: 'a command that opened a socket by itself could not be tested without a kernel: real clients come from app.ts',
  },
  'base-command.ts': {
    may: ['cli', ERRORS, 'lib/host', 'lib/text.ts'],
    why: 'what all commands share; knows default paths, and has usage errors put into our words',
  },
  'lib/app.ts': {
    may: ['lib/conntrack', 'lib/host', 'lib/ipvs', 'lib/netlink', 'lib/route', 'lib/sockets'],
    types: ['lib/reconcile'],
    why: 'the composition root puts real clients together; deciding is not its business',
  },
  'lib/clock.ts': { may: [], why: 'time as a simulation can give it' },
  'lib/errors.ts': { may: [], why: 'everything imports it' },
  'lib/log.ts': { may: ['lib/text.ts'], why: 'everything may come to import it' },
  'lib/text.ts': { may: [], why: 'whoever shows texts of others imports it' },
  [TELEMETRY]: {
    may: [],
    types: ['lib/health', 'lib/model', 'lib/reconcile'],
    why: 'what can be told, for whoever tells and whoever listens',
  },
  'lib/completion': {
    may: ['lib/model'],
    why: 'texts for shells from what the commands declare; knows neither oclif nor what a command does',
  },
  'lib/model': {
    may: [ERRORS],
    why: 'addresses and specs are compared everywhere: a dependency here is one everywhere',
  },
  'lib/native': {
    may: [ERRORS],
    why: 'three C functions; the addon is an asset of the packed binary',
  },
  'lib/netlink': {
    may: [ERRORS, 'lib/native'],
    why: 'messages and bytes, checkable alone: knows neither IPVS nor routes',
  },
  'lib/conntrack': {
    may: [ERRORS, 'lib/model', 'lib/netlink'],
    why: 'one netlink family; knows no other, and nothing of what is wanted',
  },
  'lib/ipvs': {
    may: ['lib/model', 'lib/netlink'],
    types: ['lib/conntrack'],
    why: 'one netlink family, and who its connections go to; knows nothing of what is wanted',
  },
  'lib/route': {
    may: ['lib/model', 'lib/netlink'],
    why: 'one netlink family; knows no other, and nothing of what is wanted',
  },
  'lib/sockets': {
    may: ['lib/model', 'lib/netlink'],
    why: 'one netlink family; knows no other, and nothing of what is wanted',
  },
  'lib/host': {
    may: [ERRORS],
    types: ['lib/reconcile'],
    why: 'modules, parameters, paths and programs of this host; fills the interface that reconciling asks for',
  },
  'lib/systemd': {
    may: [ERRORS, 'lib/native', 'lib/host'],
    why: 'talks to the service manager, decides nothing',
  },
  'lib/store': {
    may: [ERRORS, 'lib/host', 'lib/model', 'lib/native'],
    why: 'files, and the lock beside them',
  },
  'lib/reconcile': {
    may: [ERRORS, 'lib/ipvs', 'lib/model', 'lib/route'],
    types: ['lib/sockets'],
    why: 'kernel.ts maps kernel words to ours; no socket, no file, no process: it runs on a kernel in memory',
  },
  'lib/health': {
    may: ['lib/model'],
    types: ['lib/reconcile', 'lib/sockets'],
    why: 'who serves is decided from values alone, so that it can be tested with generated ones',
  },
  'lib/probe': {
    may: [ERRORS, 'lib/health', 'lib/model', 'lib/native', 'lib/store'],
    types: ['lib/clock.ts'],
    why: 'asks masters how they are; what follows from it is decided in health',
  },
  'lib/discovery': {
    may: [ERRORS, 'lib/model', 'lib/native', 'lib/store', 'lib/log.ts'],
    why: 'discovery is a hint: it knows nothing of health or of the kernel',
  },
  'lib/config': {
    may: [ERRORS, 'lib/health', 'lib/host', 'lib/model', 'lib/store'],
    why: 'what the daemon was told, checked; it starts nothing',
  },
  'lib/operations': {
    may: [
      ERRORS,
      'lib/host',
      'lib/ipvs',
      'lib/model',
      'lib/reconcile',
      'lib/route',
      'lib/store',
      'lib/systemd',
    ],
    types: ['lib/sockets'],
    why: 'one-shot tasks; they work without the daemon, an API and discovery',
  },
  'lib/status': {
    may: [
      ERRORS,
      'lib/host',
      'lib/ipvs',
      'lib/model',
      'lib/native',
      'lib/netlink',
      'lib/probe',
      'lib/reconcile',
      'lib/route',
      'lib/store',
      'lib/systemd',
      'lib/text.ts',
    ],
    types: ['lib/http', 'lib/sockets'],
    why: 'diagnosis must work where the daemon, discovery or the configuration is broken: it reads kernel and files itself',
  },
  'lib/bundle': {
    may: [ERRORS, 'lib/host', 'lib/model', 'lib/status', 'lib/store', 'lib/systemd'],
    types: ['lib/netlink', 'lib/reconcile'],
    why: 'reads what status and the host have, for a ticket; nothing needs it',
  },
  'lib/http': {
    may: [ERRORS, TELEMETRY, 'lib/model'],
    types: ['lib/health', 'lib/log.ts'],
    why: 'shows what the daemon knows; it is handed a view and changes nothing',
  },
  'lib/manifests': {
    may: ['lib/discovery', 'lib/model'],
    why: 'Kubernetes objects from values alone; what the daemon asks of the API is what its role allows',
  },
  'lib/daemon': {
    may: [
      'lib/app.ts',
      'lib/clock.ts',
      ERRORS,
      'lib/log.ts',
      'lib/native',
      TELEMETRY,
      'lib/config',
      'lib/discovery',
      'lib/health',
      'lib/host',
      'lib/http',
      'lib/ipvs',
      'lib/model',
      'lib/operations',
      'lib/probe',
      'lib/reconcile',
      'lib/sockets',
      'lib/store',
      'lib/systemd',
    ],
    why: 'the long-running assembly of all of the above; nothing below it may need it',
  },
};

/** Rules for single files that are stricter than their folder's. */
const PURE: Readonly<Record<string, string>> = {
  'lib/reconcile/plan.ts': 'the rules that can cut a node off are a function of two values',
  'lib/reconcile/state.ts': 'the two values',
  'lib/reconcile/steps.ts': 'the words of the answer',
  'lib/status/condition.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/cluster.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/daemon.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/files.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/host.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/kernel.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/master-notices.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/masters.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/conditions/real-servers.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/servers.ts': 'facts about real servers put side by side',
  'lib/status/verdict.ts': 'a judgement of facts; collecting them is collect.ts',
  'lib/status/format.ts': 'a text from a report',
  'lib/status/json.ts': 'an object from a report',
  'lib/status/text/outages.ts': 'a text from a report',
  'lib/status/text/overview.ts': 'a text from a report',
  'lib/status/text/real-servers.ts': 'a text from a report',
  'lib/systemd/unit.ts': 'the text of a unit',
  'lib/systemd/steps.ts': 'what is to be done to a unit, from two values',
  'lib/host/rc-local.ts': 'edits of a text that other people own',
  'lib/completion/bash.ts': 'the text of a script',
  'lib/completion/command-table.ts': 'what the commands declare, in other words',
  'lib/completion/fish.ts': 'the text of a script',
  'lib/completion/program.ts': 'parts of a text',
  'lib/completion/zsh.ts': 'the text of a script',
  'lib/bundle/redact.ts': 'what counts as a secret is a matter of text',
  'lib/health/decide.ts': 'who serves is decided from values alone',
  'lib/health/evidence.ts': 'what an answer means',
  'lib/health/pace.ts': 'how soon to ask again is decided from values alone',
  'lib/health/scoreboard.ts': 'one master’s health is a function of what was seen',
  'lib/health/suspicion.ts': 'who waits is decided from values alone',
  'lib/manifests/access.ts': 'a part of a text',
  'lib/manifests/daemon-set.ts': 'a part of a text',
  'lib/manifests/pod.ts': 'a part of a text',
  'lib/manifests/static-pod.ts': 'a part of a text',
};

/** Each package with its importers: an upgrade, or a replacement, is a change of these files. */
const PACKAGES: Readonly<Record<string, { files: readonly string[]; why: string }>> = {
  koffi: { files: ['lib/native/koffi.ts'], why: 'native code comes in through one door' },
  execa: {
    files: ['lib/host/exec.ts'],
    why: 'other programs are started in one place: no shell, always a time limit',
  },
  listr2: { files: ['cli/show-operation.ts'], why: 'a list on a terminal is a matter of display' },
  'ipaddr.js': { files: ['lib/model/address.ts'], why: 'an address is a text that was parsed there' },
  '@kubernetes/client-node': {
    files: ['lib/discovery/kubernetes.ts', 'lib/manifests/kubernetes.ts'],
    why: 'its restart policy and its majors stay visible in one file, the shapes of its objects in another',
  },
  yaml: {
    files: ['lib/manifests/manifests.ts', 'lib/store/persisted-set.ts', 'lib/store/yaml.ts'],
    why: 'writers of files that people and other programs read, and one reader, whose effort has a bound',
  },
  nanotar: { files: ['lib/bundle/archive.ts'], why: 'an archive is made in one place' },
  'prom-client': {
    files: ['lib/http/deprecated.ts', 'lib/http/metrics.ts', 'lib/http/series.ts'],
    why: 'its registry and its series; everything else records through the telemetry of the daemon',
  },
  chalk: {
    files: ['cli/show-operation.ts', 'commands/status.ts'],
    why: 'colour is handed to formatters as a function',
  },
};

const FILES = sourceFiles();
const FOLDERS = [...new Set(FILES.map(({ path }) => folderOf(path)))];

describe('imports between folders', () => {
  test('every folder has a rule, and every rule a folder', () => {
    expect(Object.keys(RULES).sort()).toEqual(FOLDERS.toSorted());
  });

  test.each(Object.entries(RULES))('%s imports what it may', (folder, { may, types = [], why }) => {
    const wrong = filesOf(folder).flatMap(({ path, imports }) =>
      imports
        .filter(({ kind }) => kind === 'file')
        .filter(({ target, typeOnly }) => {
          const to = folderOf(target);
          return (
            to !== folder && !may.includes(to) && !(typeOnly && types.includes(to)) && !isManifest(target)
          );
        })
        .map(({ target, typeOnly }) => `${path} imports ${target}${typeOnly ? ' (types)' : ''}`),
    );
    expect(wrong, why).toEqual([]);
  });

  test('no rule allows what does not exist', () => {
    const named = Object.values(RULES).flatMap(({ may, types = [] }) => [...may, ...types]);
    expect(named.filter(folder => !FOLDERS.includes(folder))).toEqual([]);
  });

  test.each(Object.entries(PURE))('%s is pure: no I/O, no clock, no other kind of input', (path, why) => {
    const [file] = FILES.filter(other => other.path === path);
    expect(file, `${path} has gone: take it off the list`).toBeDefined();
    expect(
      file?.imports.filter(({ kind, typeOnly }) => kind !== 'file' && !typeOnly),
      why,
    ).toEqual([]);
    expect(file?.text, why).not.toMatch(/\bDate\.now|new Date\(\)|performance\.now|process\.|Math\.random/);
  });

  test('no file imports itself, however far around', () => {
    expect(cyclesOf(FILES)).toEqual([]);
  });
});

describe('packages', () => {
  const importers = new Map<string, string[]>();
  for (const { path, imports } of FILES) {
    for (const { target, kind } of imports) {
      if (kind === 'package') importers.set(target, [...new Set([...(importers.get(target) ?? []), path])]);
    }
  }

  test.each(Object.entries(PACKAGES))(
    '%s has the importers that it is meant to have',
    (name, { files, why }) => {
      expect(importers.get(name), why).toEqual(files);
    },
  );

  test('oclif stays in the command line', () => {
    const elsewhere = importers
      .get('@oclif/core')
      ?.filter(path => path.startsWith('lib/') || path.startsWith('packed/'));
    expect(elsewhere).toEqual([]);
  });

  test('no other package is imported', () => {
    const others = [...importers.keys()].filter(name => !(name in PACKAGES) && name !== '@oclif/core');
    expect(others).toEqual([]);
  });
});

describe('every source file', () => {
  test.each(FILES.map(({ path, text }) => [path, text] as const))('%s', (_, text) => {
    expect(text, 'begins with a comment: what it holds').toMatch(/^\/\/ \S/);
    expect(text.split('\n').length - 1, 'is one concept: 250 lines at most').toBeLessThanOrEqual(250);
    expect(text, 'imports nothing of the tests').not.toMatch(/from '[^']*\/test\//);
  });
});

function filesOf(folder: string): SourceFile[] {
  return FILES.filter(({ path }) => folderOf(path) === folder);
}

/** package.json and oclif.manifest.json are inlined. */
function isManifest(target: string): boolean {
  return target.startsWith('..') && target.endsWith('.json');
}

/** Circles of imports that are there at run time, each once, as "a -> b -> a". */
function cyclesOf(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target),
    ]),
  );
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (trail.includes(path) || finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of files) visit(path, []);
  return cycles;
}
