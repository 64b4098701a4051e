// Packs editors/vscode into a .vsix: a zip of the extension, the client library that it needs, the schemas, and two manifests.
// Usage: npm run pack:vscode [-- FILE]
import { createWriteStream, globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'

const root = join(import.meta.dirname, '..')
const source = join(root, 'editors/vscode')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}
interface ExtensionManifest extends Manifest {
  readonly displayName: string
  readonly description: string
  readonly publisher: string
  readonly license: string
  readonly engines: { readonly vscode: string }
  readonly categories: readonly string[]
}

const json = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T

/** Writes the .vsix and answers with the names in it. The same files make the same bytes. */
export async function packVscode(file: string): Promise<readonly string[]> {
  const manifest = json<ExtensionManifest>(join(source, 'package.json'))
  const entries = new Map<string, string | Buffer>([
    ['[Content_Types].xml', CONTENT_TYPES],
    ['extension.vsixmanifest', vsixManifest(manifest)],
    ['extension/LICENSE.txt', readFileSync(join(root, 'LICENSE'))],
    ...filesBelow(source, 'extension', ['**/*']),
    ...filesBelow(join(root, 'schemas'), 'extension/schemas', ['{runbook,pack,config}.schema.json']),
    ...libraries('vscode-languageclient', root),
  ])
  const names = [...entries.keys()].sort()
  const zip = new ZipFile()
  for (const name of names)
    zip.addBuffer(Buffer.from(entries.get(name) ?? ''), name, {
      mtime: new Date('2000-01-01T00:00:00Z'),
      forceDosTimestamp: true,
    })
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(file))
  return names
}

function filesBelow(folder: string, into: string, patterns: readonly string[]): readonly (readonly [string, Buffer])[] {
  return globSync(patterns, { cwd: folder, withFileTypes: true, exclude: (entry) => entry.name === 'node_modules' })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.vsix'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [`${into}/${relative(folder, path).replaceAll('\\', '/')}`, readFileSync(path)] as const)
}

/** A package and all that it needs, laid out as npm has installed them. */
function libraries(name: string, from: string, packed = new Set<string>()): readonly (readonly [string, Buffer])[] {
  const folder = folderOf(name, from)
  if (packed.has(folder)) return []
  packed.add(folder)
  const { dependencies = {} } = json<Manifest>(join(folder, 'package.json'))
  return [
    ...filesBelow(folder, `extension/${relative(root, folder).replaceAll('\\', '/')}`, [
      '**/package.json',
      'LICENSE*',
      'License*',
      '**/*.js',
      '**/*.cjs',
    ]),
    ...Object.keys(dependencies).flatMap((each) => libraries(each, folder, packed)),
  ]
}

/** Where Node finds a package that is wanted in a folder. */
function folderOf(name: string, from: string): string {
  const found = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const folder = found.map((each) => join(each, name)).find((each) => globSync('package.json', { cwd: each }).length > 0)
  if (folder === undefined) throw new Error(`${name} is not installed: npm install`)
  return folder
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const CONTENT_TYPES = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension=".json" ContentType="application/json"/><Default Extension=".vsixmanifest" ContentType="text/xml"/><Default Extension=".cjs" ContentType="application/javascript"/><Default Extension=".js" ContentType="application/javascript"/><Default Extension=".md" ContentType="text/markdown"/><Default Extension=".txt" ContentType="text/plain"/></Types>
`

const vsixManifest = ({ name, version, displayName, description, publisher, engines, categories }: ExtensionManifest): string =>
  `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escaped(name)}" Version="${escaped(version)}" Publisher="${escaped(publisher)}"/>
    <DisplayName>${escaped(displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(description)}</Description>
    <Categories>${escaped(categories.join(','))}</Categories>
    <License>extension/LICENSE.txt</License>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(engines.vscode)}"/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/>
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/>
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true"/>
  </Assets>
</PackageManifest>
`

if (process.argv[1] === import.meta.filename) {
  const file = process.argv[2] ?? join(root, 'holdfast.vsix')
  const names = await packVscode(file)
  console.log(
    `wrote ${basename(dirname(file))}/${basename(file)}, ${names.length} files; code --install-extension ${relative(process.cwd(), file)}`,
  )
}
