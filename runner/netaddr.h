/* netaddr - which addresses an HTTP tool may connect to. Pure function, any thread. */
#ifndef RUNSPOOL_RUNNER_NETADDR_H
#define RUNSPOOL_RUNNER_NETADDR_H

#include <stdbool.h>
#include <sys/socket.h>

/* netaddr_is_public - false for everything that is not globally reachable unicast: unspecified, loopback, private,
 * shared (RFC 6598), link-local, unique local, site-local, benchmarking, documentation, multicast, reserved (RFC 6890
 * and the IANA special-purpose registries), and for IPv6 addresses that carry such an IPv4 address (mapped, NAT64,
 * 6to4, Teredo). Other families: false. */
bool netaddr_is_public(const struct sockaddr *address);

#endif
