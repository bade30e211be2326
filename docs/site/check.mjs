// Fails if a link of a built page leads to a file that is not there: node check.mjs [folder of the site].
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

const site = resolve(process.argv[2])
const base = process.env.LORA4J_SITE_BASE ?? '/'
const html = folder =>
  readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return relative(site, path) === 'api' ? [] : html(path)
    return entry.name.endsWith('.html') && !relative(site, path).startsWith('files') ? [path] : []
  })

const broken = new Set()
for (const page of html(site)) {
  for (const [, link] of readFileSync(page, 'utf8').matchAll(/(?:href|src)="([^"#?]+)/g)) {
    if (/^[a-z]+:|^\/\//.test(link)) continue
    const file = link.startsWith(base) ? join(site, decodeURI(link.slice(base.length))) : resolve(page, '..', decodeURI(link))
    const there = existsSync(file) && statSync(file).isDirectory() ? join(file, 'index.html') : file
    if (!existsSync(there)) broken.add(`${relative(site, page)}: ${link}`)
  }
}
if (broken.size) {
  console.error('Links that lead nowhere:\n' + [...broken].join('\n'))
  process.exit(1)
}
