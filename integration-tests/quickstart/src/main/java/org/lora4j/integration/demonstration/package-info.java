/**
 * What the demonstrations on networks of Deeplearning4j share: comparisons, sizes on disk, arguments and the file of
 * figures. A demonstration is a package of the module {@code examples} with a {@code main}, a profile in its pom and a section
 * in {@code docs/demonstrations.md}.
 */
package org.lora4j.integration.demonstration;
