// What the lab's host side and the agent say to each other: one JSON object a line, in both directions.
// `id` is chosen by the host and names a process for as long as it lives, or one file operation.

export type Request =
  | { op: 'spawn'; id: number; argv: string[]; netns?: string; env?: Record<string, string>; cwd?: string }
  | { op: 'stdin'; id: number; text: string; end: boolean }
  | { op: 'kill'; id: number; signal: NodeJS.Signals }
  | { op: 'read'; id: number; path: string }
  | { op: 'write'; id: number; path: string; base64: string; mode: number };

export type Event =
  | { event: 'hello' } // the agent has started: everything before it is gone
  | { event: 'spawned'; id: number; pid: number }
  | { event: 'stdout' | 'stderr'; id: number; text: string }
  | { event: 'exit'; id: number; code: number | null; signal: NodeJS.Signals | null }
  | { event: 'done'; id: number; base64?: string }
  | { event: 'failed'; id: number; message: string }; // nothing else follows for this id
