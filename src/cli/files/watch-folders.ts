// Changes in folders, as the operating system tells them. Folders are watched, not files: editors write a file by renaming another over it.
import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import type { Watching } from '../host.ts'

/** One save is several events. */
const SETTLE_MS = 60

export function watchFolders(folders: readonly string[]): Watching {
  const changed = new Set<string>()
  let settling: NodeJS.Timeout | undefined
  let settled = Promise.withResolvers<void>()
  let ended = false
  const tell = (path: string): void => {
    changed.add(path)
    clearTimeout(settling)
    settling = setTimeout(() => settled.resolve(), SETTLE_MS)
  }
  const watchers = folders.flatMap((folder) => watcherOf(folder, (name) => tell(name === null ? folder : join(folder, name))))
  return {
    async *[Symbol.asyncIterator]() {
      while (!ended) {
        await settled.promise
        settled = Promise.withResolvers()
        if (ended) return
        const paths = [...changed]
        changed.clear()
        yield paths
      }
    },
    [Symbol.dispose]() {
      ended = true
      clearTimeout(settling)
      for (const watcher of watchers) watcher.close()
      settled.resolve()
    },
  }
}

function watcherOf(folder: string, told: (name: string | null) => void): readonly FSWatcher[] {
  try {
    // A folder that is removed while it is watched has told so already, as a change of the one above.
    return [watch(folder, (_, name) => told(name)).on('error', () => undefined)]
  } catch {
    return []
  }
}
