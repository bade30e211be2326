/** Rules that hold for all modules. */
package org.lora4j.integration.architecture;
