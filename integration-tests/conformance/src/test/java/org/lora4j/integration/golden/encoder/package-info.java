/* SPDX-License-Identifier: Apache-2.0 */
/** Golden cases of encoders: what transformers and PEFT computed from the same files. */
package org.lora4j.integration.golden.encoder;
