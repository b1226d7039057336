// deploy/base and the overlay that docs/deploy.md shows, as kubectl itself builds them.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject, V1DaemonSet } from '../../../src/lib/manifests/kubernetes.ts';
import { codeBlocks } from '../../helpers/guide.ts';
import { byKind, kubectl, objectsIn } from '../../helpers/kubernetes-tools.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

function build(directory: string): KubernetesObject[] {
  const { exitCode, stdout, stderr } = kubectl('kustomize', directory);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return byKind(objectsIn(stdout));
}

const base = (): KubernetesObject[] =>
  byKind(objectsIn(readFileSync('deploy/base/bcs-apiserver-proxy.yaml', 'utf8')));

test('the base has the objects of its file, as they are', () => {
  expect(build('deploy/base')).toEqual(base());
});

test('the overlay in the documentation sets image and flags, and changes nothing else', () => {
  const overlay = codeBlocks('docs/deploy.md')
    .map(({ lines }) => lines.join('\n'))
    .find(text => text.includes('../deploy/base'));
  if (overlay === undefined) throw new Error('docs/deploy.md shows no overlay');
  const directory = tempDir();
  cpSync('deploy', join(directory, 'deploy'), { recursive: true });
  mkdirSync(join(directory, 'overlay'));
  writeFileSync(join(directory, 'overlay/kustomization.yaml'), overlay);
  const { images, patches } = parse(overlay);
  const expected = base();
  const daemonSet = expected.find(({ kind }) => kind === 'DaemonSet') as V1DaemonSet;
  const [container] = daemonSet.spec?.template.spec?.containers ?? [];
  Object.assign(container ?? {}, {
    image: `${images[0].newName}:${images[0].newTag}`,
    args: parse(patches[0].patch)[0].value,
  });
  expect(build(join(directory, 'overlay'))).toEqual(expected);
  expect(expected).not.toEqual(base());
});
