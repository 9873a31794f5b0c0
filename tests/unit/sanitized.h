/* SPDX-License-Identifier: BSD-2-Clause */
/* sanitized - defines WS_SANITIZED under AddressSanitizer, which keeps what was freed: memory is no measure there. And
 * how often what chance decides is tried: a sanitizer takes ten times as long, and looks at each try more closely. */
#ifndef WS_TEST_SANITIZED_H
#define WS_TEST_SANITIZED_H

#ifdef __SANITIZE_ADDRESS__
#define WS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WS_SANITIZED
#endif
#endif

#ifdef WS_SANITIZED
#define WS_ROUNDS(n) ((n) / 8)
#else
#define WS_ROUNDS(n) (n)
#endif

#endif
