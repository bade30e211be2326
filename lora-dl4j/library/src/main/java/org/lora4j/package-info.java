/* SPDX-License-Identifier: Apache-2.0 */
/** The front door: {@link org.lora4j.Lora}, and nothing else. */
package org.lora4j;
