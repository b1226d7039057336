// Keeps of @kubernetes/client-node what src/lib/discovery/kubernetes.ts uses: reading configurations and FileAuth.
// The generated API, undici, proxies and the authenticators that we refuse beforehand are left out.
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const here = (file: string) => fileURLToPath(new URL(`kubernetes/${file}`, import.meta.url));

/** Import path, as the client writes it, and the file that stands for it. */
const REPLACED: Readonly<Record<string, string>> = {
  './azure_auth.js': here('refused-auth.ts'),
  './exec_auth.js': here('refused-auth.ts'),
  './gcp_auth.js': here('refused-auth.ts'),
  './oidc_auth.js': here('refused-auth.ts'),
  'js-yaml': here('js-yaml.ts'),
};

/** Requests, proxies, and reading the version for a user agent. Reaching one of these is a bug in kubernetes.ts. */
const UNREACHABLE = new Set([
  '../package.json',
  './gen/index.js',
  './middleware.js',
  'hpagent',
  'node:child_process',
  'socks',
  'socks-proxy-agent',
  'undici',
]);

const NAMESPACE = 'not-in-kubernetes-client';

export function slimKubernetes(): Plugin {
  return {
    name: 'slim-kubernetes',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        if (!importer.includes('/@kubernetes/client-node/dist/')) return undefined;
        const replacement = REPLACED[path];
        if (replacement) return { path: replacement };
        return UNREACHABLE.has(path) ? { path, namespace: NAMESPACE } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: unreachable(path) }));
    },
  };
}

function unreachable(path: string): string {
  return `module.exports = new Proxy({}, { get(_, name) {
    if (name === '__esModule') return true;
    throw new Error('${path} of the Kubernetes client is not in the bundle');
  } });`;
}
