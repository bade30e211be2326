/** What a report consists of, whatever it is written as: parts of blocks, their sizes, and the same as JSON and as plain text. */
package org.lora4j.internal.report;
