/* SPDX-License-Identifier: BSD-2-Clause */
/* version - of the program as a whole, as manifests and databases name it. */
#ifndef WS_VERSION_H
#define WS_VERSION_H

#define WS_VERSION "0.1.0"

#endif
