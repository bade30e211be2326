/**
 * Text tasks on published data in a few lines each: questions to a bank, questions as a search, slots of voice commands. Data
 * and model are not ours to ship: the program is told where they are.
 */
package org.lora4j.integration.text;
