// A moment as people and files write it.

/** `2026-11-21T09:30:12Z` */
export const moment = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z')
