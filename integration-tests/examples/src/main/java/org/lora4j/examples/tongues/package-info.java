/**
 * Many tongues: the language of a paragraph, with "unknown" for scripts that were never learned from, and the article of the Universal
 * Declaration of Human Rights that a paragraph belongs to, in languages that were never learned from. Run it with
 * {@code mvn -Pexample-tongues verify -Dlora4j.shared=FOLDER}.
 */
package org.lora4j.examples.tongues;
