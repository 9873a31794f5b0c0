/* SPDX-License-Identifier: BSD-2-Clause */
/* sanitized - defines WS_SANITIZED under AddressSanitizer, which keeps what was freed: memory is no measure there. */
#ifndef WS_TEST_SANITIZED_H
#define WS_TEST_SANITIZED_H

#ifdef __SANITIZE_ADDRESS__
#define WS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WS_SANITIZED
#endif
#endif

#endif
