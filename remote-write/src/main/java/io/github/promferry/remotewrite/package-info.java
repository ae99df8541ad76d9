/** The Remote Write client. */
package io.github.promferry.remotewrite;
