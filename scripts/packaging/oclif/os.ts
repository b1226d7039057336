// Stands for oclif's util/os.js, which fails for a user without a passwd entry (a container's usual case) and
// loads three packages to find out whether this is Windows.
export function getHomeDir(): string {
  return process.env.HOME || '/';
}

export async function getPlatform(): Promise<string> {
  return process.platform;
}

export async function getShell(): Promise<string> {
  return 'unknown';
}
