// NO_COLOR (no-color.org) for everybody: chalk knows only FORCE_COLOR, and Node warns when it sees both.

export function honourNoColor(env: NodeJS.ProcessEnv): void {
  if (!env.NO_COLOR || env.FORCE_COLOR !== undefined) return;
  env.FORCE_COLOR = '0';
  delete env.NO_COLOR;
}
