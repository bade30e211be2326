/** Processes that are killed while they save. */
package org.lora4j.integration.crash;
