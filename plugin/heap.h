/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heap: what is free in the thread's heap goes back to the kernel. */
#ifndef CONTREE_HEAP_H
#define CONTREE_HEAP_H

/*
 * glibc keeps what is free below the top of a heap, if it is not asked. Takes a
 * while where much was freed; other libraries' heaps are left alone.
 */
void heap_give_back(void);

#endif
