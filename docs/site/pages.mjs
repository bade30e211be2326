// What stands in the menu, by who reads it. A page that is in no group stops the build.
const page = (text, path) => ({ text, path })
export const pages = [
  {
    text: 'Start',
    pages: [page('Five minutes', 'start'), page('Training, in one grammar', 'training'), page('Recipes', 'recipes'), page('Demonstrations', 'demonstrations')],
  },
  {
    text: 'Examples',
    pages: [
      page('What people come for', 'examples/index'),
      page('Language', 'examples/language-tasks'),
      page('Healthcare', 'examples/healthcare'),
      page('Vehicles', 'examples/vehicles'),
      page('Many tongues', 'examples/tongues'),
      page('Code', 'examples/code'),
      page('A service that grows', 'examples/service'),
    ],
  },
  { text: 'Without Java', pages: [page('Command line', 'cli'), page('Serving', 'serving'), page('Reports', 'report')] },
  { text: 'Texts and images', pages: [page('Text tasks', 'text'), page('Images', 'images')] },
  { text: 'Language models', pages: [page('Language models', 'language-models')] },
  {
    text: 'Your own models',
    pages: [page('SameDiff graphs', 'guide-samediff'), page('Deeplearning4j networks', 'dl4j'), page('Tribuo', 'tribuo'), page('Apache Spark', 'spark')],
  },
  {
    text: 'One base, many tasks',
    pages: [page('Many tasks', 'many-tasks'), page('Combine adapters', 'combine')],
  },
  { text: 'Choose a method', pages: [page('Adapter methods', 'methods'), page('Advisor', 'advisor'), page('Quantized weights', 'quantized')] },
  {
    text: 'Understand and trust',
    pages: [
      page('How it works', 'how-it-works'),
      page('Interpretation', 'interpretation'),
      page('Trust', 'trust'),
      page('From training to use', 'use'),
      page('Untrusted files', 'security'),
    ],
  },
  { text: 'Exchange', pages: [page('PEFT', 'peft'), page('Export', 'export'), page('Compared with others', 'comparison')] },
  {
    text: 'Speed and systems',
    pages: [page('Performance by processor', 'performance'), page('Processors', 'processors'), page('Java, systems, containers', 'platforms')],
  },
  {
    text: 'Reference',
    pages: [page('Troubleshooting', 'troubleshooting'), page('Versions and upgrades', 'upgrade'), page('References', 'references'), page('Changelog', 'changelog')],
  },
  {
    text: 'For contributors',
    pages: [
      page('Contribute', 'contributing'),
      page('Report a weakness', 'reporting'),
      page('Architecture', 'architecture'),
      page('Decisions', 'decisions/index'),
      page('PEFT test cases', 'peft-golden'),
      page('Fuzzing', 'fuzzing'),
    ],
  },
]
