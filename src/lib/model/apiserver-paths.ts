// What an apiserver answers to anybody, without credentials.

/** In one packet. */
export const SMALL_ANSWER = '/version';
/** In several: each of its checks on a line, 2 to 3 KB (Kubernetes 1.20 to 1.36). Nothing longer is for everybody. */
export const LARGE_ANSWER = '/readyz?verbose';
