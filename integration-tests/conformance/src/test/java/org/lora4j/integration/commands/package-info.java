/** Every command that stands in a document: collected, judged against the build and the program, and run in a fresh clone. */
package org.lora4j.integration.commands;
