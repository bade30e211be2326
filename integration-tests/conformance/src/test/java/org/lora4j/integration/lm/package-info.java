/* SPDX-License-Identifier: Apache-2.0 */
/** Golden cases of language models: {@code mvn -Plm-golden verify -Dlm.fixtures=DIR}. */
package org.lora4j.integration.lm;
