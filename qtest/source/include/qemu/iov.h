/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies between linear buffers and scatter lists; both ends bound them. */
#ifndef NICREPLAY_QEMU_IOV_H
#define NICREPLAY_QEMU_IOV_H

#include <stddef.h>
#include <sys/uio.h>

size_t iov_size(const struct iovec *iov, unsigned int count);
size_t iov_to_buf(const struct iovec *iov, unsigned int count, size_t offset, void *buffer,
                  size_t bytes);
size_t iov_from_buf(const struct iovec *iov, unsigned int count, size_t offset, const void *buffer,
                    size_t bytes);

#endif
