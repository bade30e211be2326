/* SPDX-License-Identifier: Apache-2.0 */
/** A demonstration: {@code mvn -Pexample-encoders verify} compares encoders on one small task. */
package org.lora4j.integration.encoders;
