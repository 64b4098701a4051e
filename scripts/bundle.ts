// Sources → JavaScript in few files: loading hundreds takes longer than most commands. Outside packages stay outside, as npm installed them.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, rolldown } from 'rolldown'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** Each entry, a path below src/, becomes the file of that name in `folder`. */
export const bundle = (entries: readonly string[], folder: string): Promise<void> =>
  bundleFiles(Object.fromEntries(entries.map((entry) => [entry.replace(/\.ts$/, ''), `${SRC}/${entry}`])), folder, SRC)

/** Each file becomes the one of its name in `folder`, where modules of src/ are told that they lie as they lie in `root`. */
export async function bundleFiles(files: Readonly<Record<string, string>>, folder: string, root: string): Promise<void> {
  const build = await rolldown({
    input: files,
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [ownPlace(root)],
  })
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' })
  await build.close()
}

/** A module that asks where it lies is told where it would lie if each had a file of its own, as in src/. */
const ownPlace = (root: string): Plugin => ({
  name: 'own-place',
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes('import.meta.url')) return undefined
    const place = `./${relative(root, id).replace(/\.ts$/, '.js')}`
    return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
  },
})
