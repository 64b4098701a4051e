// Where this user keeps what can be made again.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Host } from './host.ts'

/** Absolute. Source: XDG Base Directory Specification 0.8. */
export const cacheFolder = ({ env, workingDirectory }: Pick<Host, 'env' | 'workingDirectory'>): string =>
  resolve(workingDirectory, env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'holdfast')
