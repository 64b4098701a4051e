// Sources → JavaScript in few files: loading hundreds takes longer than most commands. Outside packages stay outside, as npm installed them.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** A module that asks where it lies is told where it would lie if each had a file of its own, as in src/. */
const ownPlace = {
  name: 'own-place',
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes('import.meta.url')) return undefined
    const place = `./${relative(SRC, id).replace(/\.ts$/, '.js')}`
    return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
  },
}

/** Each entry, a path below src/, becomes the file of that name in `folder`. */
export async function bundle(entries, folder) {
  const build = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [entry.replace(/\.ts$/, ''), `${SRC}/${entry}`])),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [ownPlace],
  })
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' })
  await build.close()
}
