// Stands for the package `cli-spinners` (31 KB of animations): the one that oclif starts with.
export default { dots2: { interval: 80, frames: ['⣾', '⣽', '⣻', '⢿', '⡿', '⣟', '⣯', '⣷'] } };
