/**
 * The main job of the README: a real pretrained encoder learns a real task through LoRA, beside a trained head and, if
 * asked for, full fine-tuning. Uses the public API of {@code lora-dl4j} only.
 */
package org.lora4j.integration.quickstart;
