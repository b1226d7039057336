// Numbers of <linux/rtnetlink.h>, <linux/if_link.h> and <linux/if_addr.h>, under the kernel's names.

export const RTM_GETLINK = 18;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_TABLE = 15;

export const RTAX_MTU = 2;
export const RTAX_ADVMSS = 8;

export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RT_SCOPE_HOST = 254;
export const RT_TABLE_LOCAL = 255;

export const RTPROT_KERNEL = 2;
/**
 * Who made the route; this number marks ours. Numbers above RTPROT_STATIC (4) are free for user space, this one is
 * not used by any routing daemon (iproute2's rt_protos), and no kernel interprets it.
 */
export const RTPROT_BCS_APISERVER_PROXY = 66;

/** Answer with the route that matched, not with what a packet would get from it (Linux 4.13). */
export const RTM_F_FIB_MATCH = 0x2000;

/** <linux/if_link.h> */
export const IFLA_MTU = 4;

export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;

/** Every network namespace has "lo" as its first device (LOOPBACK_IFINDEX, include/net/net_namespace.h). */
export const LOOPBACK_IFINDEX = 1;
