/**
 * Questions to a bank from ten of each kind, in a few lines: LoRA beside two baselines on the frozen encoder. The program is told where
 * the data is.
 */
package org.lora4j.integration.text;
