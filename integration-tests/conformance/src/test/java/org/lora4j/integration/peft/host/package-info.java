/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The networks of the golden cases on a host. A further host is one class that implements {@link
 * org.lora4j.integration.peft.host.ModelHost} and one for its {@link org.lora4j.integration.peft.host.HostModel}; an
 * architecture is one line in {@code Networks}.
 */
package org.lora4j.integration.peft.host;
