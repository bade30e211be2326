/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The command {@code lora4j}: what users type, the settings that they give, the files that they bring, and what they see. {@link
 * org.lora4j.cli.Lora4j} is its way in and all of it that others may use. A command is a class that implements {@code CliCommand} and
 * a line in {@code Commands}; a setting is a constant of {@code Setting}, from which its flag, its key in YAML and its help follow.
 */
package org.lora4j.cli;
