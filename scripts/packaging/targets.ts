// The two machines that a binary is built for.
export interface Target {
  readonly arch: 'x64' | 'arm64';
  readonly file: string;
}

export const TARGETS: readonly Target[] = (['x64', 'arm64'] as const).map(arch => ({
  arch,
  file: `bcs-apiserver-proxy-linux-${arch}`,
}));
