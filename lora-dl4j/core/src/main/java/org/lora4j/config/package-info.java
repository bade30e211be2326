/**
 * What to adapt and how, as immutable values.
 *
 * <p>{@link org.lora4j.config.AdapterConfig} is what the config of every method is, {@link org.lora4j.config.LoraConfig} the
 * one of LoRA; {@link org.lora4j.config.ModuleSelector} says which modules by their dotted paths, with PEFT's matching rules. All checks happen when a config is built and all problems are
 * reported together. This package uses the JDK and {@code error} only; it knows no arrays, no networks and no files.
 *
 * <p>A new start value is a constant of {@link org.lora4j.config.Initialization}; a new option is a field of the builder of a
 * config, with its setter, its getter and one line in the table of fields, from which it is checked, compared, told, read and
 * written. Rules about several fields stand in {@code checkTogether}.
 */
package org.lora4j.config;
