/**
 * What to adapt and how, as immutable values.
 *
 * <p>{@link org.lora4j.config.LoraConfig} is the whole of it; {@link org.lora4j.config.ModuleSelector} says which modules
 * by their dotted paths, with PEFT's matching rules. All checks happen when a config is built and all problems are
 * reported together. This package uses the JDK and {@code error} only; it knows no arrays, no networks and no files.
 *
 * <p>A new start value is a constant of {@link org.lora4j.config.Initialization}; a new option is a field of
 * {@code LoraConfig} with its line in the table of fields, its check in {@code LoraConfigRules} and its key in
 * {@code format.peft}.
 */
package org.lora4j.config;
