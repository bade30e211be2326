import { defineConfig } from 'vitepress'
import { pages } from '../pages.mjs'

const repository = process.env.LORA4J_URL
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#3451b2"/><path d="M4 3v10h5M9 3l3 10" fill="none" stroke="#fff" stroke-width="2"/></svg>`

// As GitHub makes anchors, since the documents are read there, too.
const slugify = text =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-')

export default defineConfig({
  title: 'lora4j',
  description: 'Fine-tune text encoders, language models, Deeplearning4j networks, SameDiff graphs and Tribuo models in Java with LoRA.',
  lang: 'en',
  srcDir: 'pages',
  outDir: process.env.LORA4J_SITE_OUT,
  base: process.env.LORA4J_SITE_BASE ?? '/',
  // Files beside the pages; build.mjs has looked whether they are there.
  ignoreDeadLinks: [/^\/files\//],
  head: [
    ['link', { rel: 'icon', href: 'data:image/svg+xml,' + encodeURIComponent(icon) }],
    [
      'script',
      {},
      `if (location.protocol === 'file:') addEventListener('DOMContentLoaded', () => document.body.prepend(
  'This page was opened as a file: styles, links, menus and search need a web server. In this folder, run "python3 -m http.server --bind 127.0.0.1" and open http://localhost:8000.'))`,
    ],
  ],
  // The index of the search is one file of more than a megabyte.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  markdown: { anchor: { slugify }, html: false, toc: { slugify } },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Recipes', link: '/recipes' },
      { text: 'Command line', link: '/cli' },
      { text: 'Text', link: '/text' },
      { text: 'Language models', link: '/language-models' },
      { text: 'Java API', link: '/api/apidocs/index.html', target: '_self' },
      ...(repository ? [{ text: 'Sources', link: repository }] : []),
    ],
    sidebar: pages.map(group => ({
      text: group.text,
      items: group.pages.map(({ text, path }) => ({ text, link: '/' + path.replace(/index$/, '') })),
    })),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            fuzzy: 0.1,
            // Most who search want to use it: pages for contributors come last.
            boostDocument: id => (/\/(decisions|changelog|architecture|fuzzing|peft-golden|contributing)/.test(id) ? 0.2 : 1),
          },
        },
      },
    },
    footer: { message: 'Apache License 2.0', copyright: 'lora4j contributors' },
  },
})
