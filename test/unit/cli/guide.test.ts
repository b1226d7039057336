// The guides: what they tell one to type is something that the program takes, and what they show is what it prints.
import { readdirSync, readFileSync } from 'node:fs';
import { Parser } from '@oclif/core';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { commandLoaders } from '../../../src/cli/commands.ts';
import { codeBlocks, outputPattern, ownCommands, shownCommands } from '../../helpers/guide.ts';

const GUIDE = 'docs/guide.md';
const KUBEADM = 'docs/kubeadm.md';

const GUIDES = [GUIDE, KUBEADM, 'docs/migration.md'];
const COMMANDS = GUIDES.flatMap(path => ownCommands(path).map(argv => [path, argv.join(' '), argv] as const));

test.each(GUIDES)('%s: there are commands to check', path => {
  expect(COMMANDS.filter(([of]) => of === path).length).toBeGreaterThan(1);
});

test('in scripts and snippets as well: none is passed over', () => {
  const lines = codeBlocks(KUBEADM).flatMap(block => block.lines);
  const mention = new RegExp(`bcs-apiserver-proxy (${Object.keys(commandLoaders).join('|')})\\b`);
  const mentions = lines.filter(line => mention.test(line));
  expect(mentions.length).toBeGreaterThan(10);
  expect(COMMANDS.filter(([of]) => of === KUBEADM)).toHaveLength(mentions.length);
});

test.each(COMMANDS)('%s: %s', async (_path, _line, [name = '', ...argv]) => {
  const load = commandLoaders[name];
  expect(load, `there is no command ${name}`).toBeDefined();
  const command = (await load?.())?.default;
  const flags = { ...command?.baseFlags, ...command?.flags };
  await expect(Parser.parse(argv, { flags, args: {}, strict: true })).resolves.toBeDefined();
});

test('what it shows of status is one of the whole outputs that status is tested with', () => {
  const directory = 'test/golden/status';
  const whole = readdirSync(directory).map(name => readFileSync(`${directory}/${name}`, 'utf8'));
  const shown = [GUIDE, KUBEADM].flatMap(shownCommands).filter(({ argv: [name] }) => name === 'status');
  expect(shown).toHaveLength(3);
  for (const { output } of shown) {
    const pattern = outputPattern(output);
    expect(
      whole.some(text => pattern.test(text)),
      output.join('\n'),
    ).toBe(true);
  }
});

test.each(GUIDES)('%s: what it links to is there', path => {
  const text = readFileSync(path, 'utf8');
  const targets = [...text.matchAll(/\]\(([\w.-]+\.md)(?:#[\w-]+)?\)/g)].map(
    ([, target]) => `docs/${target}`,
  );
  expect(targets.length).toBeGreaterThan(0);
  for (const target of targets) expect(() => readFileSync(target), target).not.toThrow();
});

describe('the snippets of the guide to kubeadm', () => {
  const documents = codeBlocks(KUBEADM)
    .filter(({ language }) => language === 'yaml')
    .map(({ lines }) => parseAllDocuments(lines.join('\n'), { strict: true }));

  test('each is YAML, one document', () => {
    expect(documents.map(each => each.flatMap(({ errors, warnings }) => [...errors, ...warnings]))).toEqual([
      [],
      [],
      [],
    ]);
    expect(documents.map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  const [cloudInit, playbook, kubeadmConfig] = documents.map(([document]) => document?.toJS());
  const scripts = codeBlocks(KUBEADM).filter(({ lines: [first] }) => first === '#!/bin/sh');

  test('cloud-init: writes the script of this guide, and runs it before kubeadm', () => {
    expect(Object.keys(cloudInit)).toEqual(['write_files', 'runcmd']);
    const [file] = cloudInit.write_files;
    expect(scripts).toHaveLength(1);
    expect(file).toEqual({
      path: '/root/set-up-vip.sh',
      owner: 'root:root',
      permissions: '0700',
      content: `${scripts[0]?.lines.join('\n')}\n`,
    });
    expect(cloudInit.runcmd.map((line: string) => line.split(' ').slice(0, 4))).toEqual([
      [file.path, '&&', 'kubeadm', 'join'],
    ]);
  });

  test('Ansible: the program and the virtual server are everywhere before a cluster is made', () => {
    interface Task {
      readonly name: string;
      readonly register?: string;
      readonly changed_when?: string | false;
      readonly [module: `ansible.builtin.${string}`]: { readonly cmd?: string; readonly creates?: string };
    }
    const plays = playbook as { hosts: string; become: boolean; tasks: Task[] }[];
    expect(plays.map(({ hosts }) => hosts)).toEqual([
      'masters:workers',
      'masters[0]',
      'masters[1:]',
      'workers',
    ]);
    expect(plays.every(({ become }) => become)).toBe(true);
    const tasks = plays.flatMap(play => play.tasks);
    const commands = tasks.map(task => task['ansible.builtin.command']);
    expect(tasks[0]?.['ansible.builtin.copy']).toMatchObject({ mode: '0755' });
    expect(commands.slice(1).map(command => command?.cmd?.split(' ').slice(0, 2).join(' '))).toEqual([
      '/root/bcs-apiserver-proxy init',
      '/root/bcs-apiserver-proxy install-service',
      'kubeadm init',
      'kubeadm token',
      "{{ hostvars[groups['masters'][0]].join.stdout",
      "{{ hostvars[groups['masters'][0]].join.stdout",
    ]);
    // A second run changes nothing: each either says so itself or is not run.
    for (const [index, task] of tasks.entries()) {
      if (index === 0) continue;
      expect(task.changed_when ?? commands[index]?.creates, task.name).toBeDefined();
    }
    const jsonOf = (register: string) => `(${register}.stdout | from_json).changed`;
    expect(tasks.slice(1, 3).map(task => task.changed_when)).toEqual(['vip', 'daemon'].map(jsonOf));
    for (const command of commands.slice(1, 3)) expect(command?.cmd).toContain(' --json ');
  });

  test('Cluster API: a KubeadmConfig with keys of its own', () => {
    const { spec, ...object } = kubeadmConfig;
    expect(object).toEqual({
      apiVersion: 'bootstrap.cluster.x-k8s.io/v1beta1',
      kind: 'KubeadmConfig',
      metadata: { name: 'worker' },
    });
    expect(Object.keys(spec)).toEqual(['files', 'preKubeadmCommands']);
    const [file] = spec.files;
    expect(file).toEqual({
      path: '/root/set-up-vip.sh',
      owner: 'root:root',
      permissions: '0700',
      contentFrom: { secret: { name: 'set-up-vip', key: 'set-up-vip.sh' } },
    });
    expect(spec.preKubeadmCommands).toEqual([file.path]);
    const create = codeBlocks(KUBEADM).flatMap(({ lines }) => lines);
    const { name, key } = file.contentFrom.secret;
    expect(create).toContain(`kubectl create secret generic ${name} --from-file=${key}`);
  });
});
