// Alignment of messages and attributes: both start on 4-byte boundaries, their lengths say the unpadded size.

// #define NLMSG_ALIGNTO 4U
// #define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )
// #define NLA_ALIGN(len)   the same
const ALIGN_TO = 4;

export function align(length: number): number {
  return (length + ALIGN_TO - 1) & ~(ALIGN_TO - 1);
}

// #define NLMSG_HDRLEN ((int) NLMSG_ALIGN(sizeof(struct nlmsghdr)))
export const NLMSG_HDRLEN = 16;

// #define NLA_HDRLEN ((int) NLA_ALIGN(sizeof(struct nlattr)))
export const NLA_HDRLEN = 4;

// #define GENL_HDRLEN NLMSG_ALIGN(sizeof(struct genlmsghdr))
export const GENL_HDRLEN = 4;
