// Makes the site from the documents: node build.mjs [folder of the result]. The documents stay as they are; copies get other links.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vitepress'
import { pages } from './pages.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '../..')
const out = resolve(process.argv[2] ?? join(root, 'target/site'))
const source = join(here, 'pages')
const repository = process.env.LORA4J_URL ?? ''

// Path below the root of the repository -> path of the page.
const moved = new Map([
  ['README.md', 'start.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['.github/CONTRIBUTING.md', 'contributing.md'],
  ['.github/SECURITY.md', 'reporting.md'],
  ['docs/decisions/README.md', 'decisions/index.md'],
  ['docs/examples/README.md', 'examples/index.md'],
])
const pageOf = path => moved.get(path) ?? (path.startsWith('docs/') && path.endsWith('.md') ? path.slice(5) : undefined)

function markdown(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'site' ? [] : markdown(path)
    return entry.name.endsWith('.md') ? [path] : []
  })
}

const broken = []
// A link to a document is one to its page, a link to another file is one into the repository, if its address is known, and else its name.
function relinked(text, path) {
  const page = pageOf(path)
  return outsideOfCode(text, part =>
    part.replace(/(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (whole, picture, words, target) => {
      if (/^(https?:|mailto:|#)/.test(target)) return whole
      const [file, anchor] = target.split('#')
      const wanted = posix.normalize(posix.join(posix.dirname(path), file))
      if (!existsSync(join(root, wanted))) {
        broken.push(`${path}: ${target}`)
        return whole
      }
      const isFolder = statSync(join(root, wanted)).isDirectory()
      const to = pageOf(isFolder ? posix.join(wanted, 'README.md') : wanted)
      if (to && existsSync(join(root, isFolder ? posix.join(wanted, 'README.md') : wanted))) {
        let link = posix.relative(posix.dirname(page), to)
        if (!link.startsWith('.')) link = './' + link
        return `${picture}[${words}](${link}${anchor ? '#' + anchor : ''})`
      }
      if (picture || /\.(png|svg|html|json|py)$|LICENSE$/.test(wanted)) {
        const copy = posix.join('files', wanted.includes('.') ? wanted : wanted + '.txt')
        mkdirSync(dirname(join(source, 'public', copy)), { recursive: true })
        cpSync(join(root, wanted), join(source, 'public', copy))
        // A picture is shown as wide as the text; a click opens it as it is.
        return picture ? `[![${words}](/${copy})](/${copy})` : `[${words}](/${copy})`
      }
      return repository ? `[${words}](${repository}/blob/main/${wanted})` : words
    }),
  )
}

// Fenced blocks and code in a line keep their text.
function outsideOfCode(text, change) {
  return text
    .split(/(^```[\s\S]*?^```[^\n]*$|`[^`\n]+`(?!\]))/m)
    .map((part, at) => (at % 2 ? part : change(part)))
    .join('')
}

rmSync(source, { recursive: true, force: true })
for (const path of [...[...moved.keys()].filter(path => !path.startsWith('docs/')), ...markdown('docs')]) {
  const to = join(source, pageOf(path))
  mkdirSync(dirname(to), { recursive: true })
  writeFileSync(to, relinked(readFileSync(join(root, path), 'utf8'), path))
}
const start = join(source, pageOf('README.md'))
writeFileSync(start, readFileSync(start, 'utf8').replace(/^# lora4j$/m, '# Five minutes with lora4j'))
cpSync(join(here, 'index.md'), join(source, 'index.md'))

const named = new Set(pages.flatMap(group => group.pages.map(page => page.path)))
const listed = ['', 'examples/'].flatMap(folder => readdirSync(join(source, folder)).map(name => folder + name))
for (const path of listed.filter(name => name.endsWith('.md') && name !== 'index.md')) {
  if (!named.has(path.slice(0, -3))) broken.push(`${path} is in no group of docs/site/pages.mjs`)
}
for (const path of named) if (!existsSync(join(source, path + '.md'))) broken.push(`docs/site/pages.mjs: there is no page ${path}`)
if (broken.length) {
  console.error('Links that lead nowhere:\n' + broken.join('\n'))
  process.exit(1)
}
process.env.LORA4J_SITE_OUT = out
// VitePress takes a file of an unknown ending for a page.
process.env.VITE_EXTRA_EXTENSIONS = 'py'
await build(here)
rmSync(source, { recursive: true })
if (!repository) console.warn('LORA4J_URL is not set: the site has no link to the sources.')
console.log('The site is in ' + relative(process.cwd(), out) + ': put it on any static host.')
