// A disk that fails in the middle of a commit, and goes on failing: whoever waits for the commit is told, and the process goes on.
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { createCommitQueue } from '../../src/journal/commit-queue.ts'

/** The statements of these texts fail as those of a disk that does not answer. */
function failing(database: DatabaseSync, texts: readonly string[]): DatabaseSync {
  return new Proxy(database, {
    get: (target, name) => {
      if (name === 'prepare')
        return (text: string) =>
          texts.includes(text)
            ? {
                run: () => {
                  throw new Error('disk I/O error')
                },
              }
            : target.prepare(text)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

it.each([{ texts: ['COMMIT'] }, { texts: ['COMMIT', 'ROLLBACK'] }, { texts: ['BEGIN IMMEDIATE'] }])(
  'a group whose $texts fail is told so, and nobody else breaks down',
  async ({ texts }) => {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE commits (id INTEGER PRIMARY KEY, count INTEGER NOT NULL); INSERT INTO commits VALUES (1, 0)')
    const count = { told: 0, tell: () => {}, close: () => {} }
    const queue = createCommitQueue(
      failing(database, texts),
      count,
      (error) => new Error(`unwritable: ${(error as Error).message}`),
    )
    const written = [1, 2].map(() => queue.write(() => 'done'))
    for (const each of written) await expect(each).rejects.toThrow('unwritable: disk I/O error')
    database.close()
  },
)
