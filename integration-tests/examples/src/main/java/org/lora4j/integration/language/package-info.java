/**
 * A language model of a quarter of a million parameters learns three domains, by adapters and in full: what it gains, and what it
 * still knows of the stories that it was trained on. Data and model are not ours to ship: the program is told where they are.
 */
package org.lora4j.integration.language;
